# RMS voltage of an electricity meter: averages, thresholds, events, on half-hour boundaries (MP085A).
# Pure state machines on plain integers; time, samples and storage come in as arguments.
