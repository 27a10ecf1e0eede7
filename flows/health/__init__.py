"""Whether an installation is well: asked by the night before it begins and by `nianbao doctor`."""
