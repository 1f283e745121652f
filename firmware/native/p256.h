// P-256 (SP 800-186 3.2.1.3) in C, for boards: see p256.c. Octets are big-endian: private keys,
// nonces and digests have 32, points x || y and signatures r || s have 64.
#ifndef SMETS_P256_H
#define SMETS_P256_H
#include <stdint.h>

#define P256_WORK_WORDS 496 // of the memory that each function works in

void p256_multiply(const uint8_t *k, const uint8_t *point, uint8_t *out, uint32_t *work);
int p256_sign(const uint8_t *d, const uint8_t *k, const uint8_t *e, uint8_t *out, uint32_t *work);
int p256_verify(
    const uint8_t *public, const uint8_t *e, const uint8_t *signature, uint32_t *work);

#endif
