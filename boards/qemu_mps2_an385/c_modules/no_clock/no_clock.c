// littlefs asks for the time of a change; this board has no clock.
#include <stdint.h>

uint64_t mp_hal_time_ns(void) {
    return 0;
}
