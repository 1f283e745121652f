"""Which versions of the technical specifications belong together, and on what evidence."""
