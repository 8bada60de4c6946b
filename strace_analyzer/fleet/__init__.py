"""Many traces, one report: the same unit of work, one trace in and its digest out, in this process,
in a pool of processes, or on the workers of a Dask cluster."""
