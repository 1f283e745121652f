# MicroPython's cryptolib and hashlib by mbedtls, as the port of the Pico has them. boards/recipes
# puts the sources of mbedtls here.
SRC_USERMOD_LIB_C += $(addprefix $(USERMOD_DIR)/,aes.c platform_util.c sha256.c)
CFLAGS_USERMOD += -I$(USERMOD_DIR) -I$(MBEDTLS)/include -I$(MBEDTLS)/library
CFLAGS_USERMOD += -DMICROPY_PY_CRYPTOLIB=1 -DMICROPY_SSL_MBEDTLS=1
CFLAGS_USERMOD += '-DMBEDTLS_CONFIG_FILE="only_aes_sha256.h"'
