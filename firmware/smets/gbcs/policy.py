# Choices of the GBCS session where the text was not to be had, or leaves room.
# Every check that rests on one of these is labelled project-choice.
from smets.compat import const

# A read repeated octet for octet (facts D.4): the response echoes the command's counter, so a
# fresh answer would reuse the key and the IV of the first, and leak the difference of the two
# plaintexts. The last responses are therefore kept and sent again as they were. Alternatives: a
# fresh answer each time (0 kept: what the format allows), or refusing counters that do not
# increase (which would refuse RTDS, where different reads share a counter). Updates are never
# answered from here: they are carried out again, or refused where replay protection applies.
REPEATS_KEPT = const(4)
# A response longer than this is not kept: a repeat of it is carried out again, and counted as
# `counter_reused`. It bounds the memory that repeats can take.
REPEAT_OCTETS = const(400)
