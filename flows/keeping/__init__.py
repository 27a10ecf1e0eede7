"""What shows whether all that was accepted is still kept, and how the last night ended: asked by night, doctor and dead man."""
