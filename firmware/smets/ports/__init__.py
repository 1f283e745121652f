# The edge of the device: links, storage, samplers, screens. Only these touch the world.
