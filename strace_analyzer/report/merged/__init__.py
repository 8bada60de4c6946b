"""Many traces, one report: each trace folded to a digest, digests added up, what they come to."""
