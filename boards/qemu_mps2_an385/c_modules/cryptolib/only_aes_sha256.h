// mbedtls as cryptolib and hashlib need it, set as for the Pico: extmod/mbedtls of MicroPython, and
// what boards/recipes/picos.py adds.
#define MBEDTLS_AES_C
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_DEPRECATED_REMOVED
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
