# For ports that are built by make: a folder of USER_C_MODULES.
SRC_USERMOD_C += $(USERMOD_DIR)/smets_p256.c
SRC_USERMOD_LIB_C += $(USERMOD_DIR)/p256.c
CFLAGS_USERMOD += -I$(USERMOD_DIR)
$(BUILD)/$(notdir $(USERMOD_DIR))/p256.o: CFLAGS += -O2
