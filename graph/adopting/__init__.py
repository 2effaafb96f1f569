"""The replaced system's tables brought over: read, judged, folded and picked, then written."""
