// p256.c for MicroPython, as module smets_p256: in a file of its own (.mpy, `make native`), or
// built into an image. crypto/p256.py and ecdsa.py use it where it is.
#if MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
#else
#include "py/runtime.h"
#endif
#include "p256.h"

static const uint8_t *octets(mp_obj_t object, size_t length) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
    if (buffer.len != length) {
        mp_raise_ValueError(MP_ERROR_TEXT("length"));
    }
    return buffer.buf;
}

static uint32_t *begin(void) {
    return m_new(uint32_t, P256_WORK_WORDS);
}

// Nothing secret stays on the heap.
static void end(uint32_t *work) {
    for (volatile uint32_t *at = work; at < work + P256_WORK_WORDS; at++) {
        *at = 0;
    }
    m_del(uint32_t, work, P256_WORK_WORDS);
}

// multiply(k, point): x || y of k times a point x || y, or times the base point for an empty one.
static mp_obj_t multiply(mp_obj_t k_object, mp_obj_t point_object) {
    const uint8_t *k = octets(k_object, 32);
    const uint8_t *point = mp_obj_is_true(point_object) ? octets(point_object, 64) : 0;
    uint8_t out[64];
    uint32_t *work = begin();
    p256_multiply(k, point, out, work);
    end(work);
    return mp_obj_new_bytes(out, 64);
}
static MP_DEFINE_CONST_FUN_OBJ_2(multiply_obj, multiply);

// sign(d, k, e): r || s, or nothing where the nonce k does not do.
static mp_obj_t sign(mp_obj_t d_object, mp_obj_t k_object, mp_obj_t e_object) {
    const uint8_t *d = octets(d_object, 32), *k = octets(k_object, 32), *e = octets(e_object, 32);
    uint8_t out[64];
    uint32_t *work = begin();
    int done = p256_sign(d, k, e, out, work);
    end(work);
    return mp_obj_new_bytes(out, done ? 64 : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sign_obj, sign);

// verify(public, e, signature): whether it is one.
static mp_obj_t verify(mp_obj_t public_object, mp_obj_t e_object, mp_obj_t signature_object) {
    const uint8_t *public = octets(public_object, 64), *e = octets(e_object, 32);
    const uint8_t *signature = octets(signature_object, 64);
    uint32_t *work = begin();
    int good = p256_verify(public, e, signature, work);
    end(work);
    return mp_obj_new_bool(good);
}
static MP_DEFINE_CONST_FUN_OBJ_3(verify_obj, verify);

#if MICROPY_ENABLE_DYNRUNTIME
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    mp_store_global(MP_QSTR_multiply, MP_OBJ_FROM_PTR(&multiply_obj));
    mp_store_global(MP_QSTR_sign, MP_OBJ_FROM_PTR(&sign_obj));
    mp_store_global(MP_QSTR_verify, MP_OBJ_FROM_PTR(&verify_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
#else
static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_smets_p256)},
    {MP_ROM_QSTR(MP_QSTR_multiply), MP_ROM_PTR(&multiply_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&sign_obj)},
    {MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&verify_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t smets_p256_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_smets_p256, smets_p256_module);
#endif
