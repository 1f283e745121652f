SRC_USERMOD_C += $(USERMOD_DIR)/no_clock.c
