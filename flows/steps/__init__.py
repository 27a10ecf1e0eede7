"""A batch and the pure steps it grows by: read, conformed, judged, decided; a submission that a step fails on is set aside."""
