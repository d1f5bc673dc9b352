"""Settings by which a run does its work in the process of the test: quick, and open to doubles."""

IN_PROCESS = {"workers": 1, "seconds_per_clip": None, "memory_per_clip_gb": None}
SET_IN_PROCESS = "execution={workers: 1, seconds_per_clip: null, memory_per_clip_gb: null}"
