// The file system lies where MicroPython's own RPI_PICO_W has it.
#define MICROPY_HW_BOARD_NAME "Raspberry Pi Pico W (no radio)"
#define MICROPY_HW_FLASH_STORAGE_BYTES (848 * 1024)
