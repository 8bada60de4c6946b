"""One natural flow: text becomes events, events move a model of the kernel, moves are judged, judgements reported."""
