# RMS voltage of an electricity meter: averages from half-hour boundaries on (MP085A), events.
# Pure state machines on plain integers; time, samples and storage come in as arguments.
