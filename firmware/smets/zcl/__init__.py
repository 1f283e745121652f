# ZigBee Cluster Library as GB devices use it: frames, data types, attribute tables.
