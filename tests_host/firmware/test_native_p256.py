"""The C of firmware/native, compiled for this computer: by `cryptography`, and in valgrind."""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

SOURCE = Path(__file__).resolve().parents[2] / "firmware" / "native"
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EDGES = [1, 2, 3, 7, 15, 16, 17, 1 << 31, 1 << 32, (1 << 64) - 1, 1 << 64, 1 << 128]
EDGES += [(1 << 192) + 1, 1 << 224, N // 2, N // 2 + 1, N - 2, N - 1]
PREHASHED = ec.ECDSA(utils.Prehashed(SHA256()))
CURVE = ec.SECP256R1()
# Compiled as on a Cortex-M0+ too: it makes 64-bit products of 16-bit pieces.
BUILDS = {"wide": (), "pieces": ("-D__ARM_ARCH_6M__",)}


def octets(value: int) -> bytes:
    return value.to_bytes(32, "big")


def point(k: int) -> bytes:
    numbers = ec.derive_private_key(k, CURVE).public_key().public_numbers()
    return octets(numbers.x) + octets(numbers.y)


class Native:
    """The compiled functions."""

    def __init__(self, folder: Path, flags: tuple[str, ...]) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler here (cc)")
        library = folder / "p256.so"
        command = [compiler, "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        command += [*flags, "-o", str(library), str(SOURCE / "p256.c")]
        subprocess.run(command, check=True)
        self._library = ctypes.CDLL(str(library))
        self._work = (ctypes.c_uint32 * 496)()

    def multiply(self, k: int, base: bytes | None = None) -> bytes:
        out = ctypes.create_string_buffer(64)
        self._library.p256_multiply(octets(k), base, out, self._work)
        return out.raw

    def sign(self, d: int, k: int, e: bytes) -> bytes:
        out = ctypes.create_string_buffer(64)
        assert self._library.p256_sign(octets(d), octets(k), e, out, self._work) == 1
        return out.raw

    def verify(self, public: bytes, e: bytes, signature: bytes) -> bool:
        return self._library.p256_verify(public, e, signature, self._work) == 1


@pytest.fixture(scope="module", params=list(BUILDS))
def native(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Native:
    return Native(tmp_path_factory.mktemp("native"), BUILDS[request.param])


@pytest.fixture
def scalars() -> list[int]:
    chosen = random.Random(20221103)
    return EDGES + [chosen.randrange(1, N) for _ in range(10)]


def test_multiples_of_the_base_point(native: Native, scalars: list[int]) -> None:
    for k in scalars:
        assert native.multiply(k) == point(k), k


def test_multiples_of_other_points(native: Native, scalars: list[int]) -> None:
    for k in scalars:
        for j in (1, 2, N - 1, scalars[-1]):
            assert native.multiply(k, point(j)) == point(k * j % N), (k, j)


def test_signatures(native: Native, scalars: list[int]) -> None:
    for index, d in enumerate(scalars):
        k = scalars[-1 - index]
        e = octets(EDGES[index % len(EDGES)]) if index & 1 else b"\xff" * 32
        signature = native.sign(d, k, e)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        assert r == int.from_bytes(point(k)[:32], "big") % N
        assert s == pow(k, -1, N) * (int.from_bytes(e, "big") + r * d) % N
        ec.derive_private_key(d, CURVE).public_key().verify(
            utils.encode_dss_signature(r, s), e, PREHASHED
        )
        assert native.verify(point(d), e, signature)


def test_verification_agrees_also_where_it_fails(native: Native, scalars: list[int]) -> None:
    chosen = random.Random(6979)
    for d in scalars:
        key = ec.derive_private_key(d, CURVE).public_key()
        for _ in range(3):
            r, s = chosen.choice(scalars), chosen.choice(scalars)
            e = octets(chosen.choice(scalars))
            try:
                key.verify(utils.encode_dss_signature(r, s), e, PREHASHED)
                expected = True
            except InvalidSignature:
                expected = False
            assert native.verify(point(d), e, octets(r) + octets(s)) is expected, (d, r, s)


def test_sum_at_infinity_and_sum_of_equal_points(native: Native) -> None:
    base = point(1)
    r = int.from_bytes(point(2)[:32], "big")
    assert not native.verify(base, octets(N - r), octets(r) * 2)
    assert native.verify(base, octets(r), octets(r) * 2)


SECRETS = """
#include <valgrind/memcheck.h>
#include <string.h>
#include "p256.h"

int main(int count, char **arguments) {
    static uint32_t work[P256_WORK_WORDS];
    uint8_t d[32], k[32], e[32], q[64], out[64];
    memset(d, 0x35, 32), memset(k, 0x53, 32), memset(e, 0x99, 32);
    p256_multiply(k, 0, q, work);
    VALGRIND_MAKE_MEM_UNDEFINED(d, 32);
    VALGRIND_MAKE_MEM_UNDEFINED(k, 32);
    p256_multiply(d, count > 1 ? 0 : q, out, work);
    p256_sign(d, k, e, out, work);
    if (count > 2) { // a branch on a secret, to be found
        return out[0] > 7 ? 3 : 4;
    }
    return arguments == 0;
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("flags", BUILDS.values(), ids=list(BUILDS))
def test_nothing_depends_on_a_secret(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """valgrind takes keys and nonces for undefined, and tells each branch and address of them."""
    valgrind = shutil.which("valgrind")
    header = Path("/usr/include/valgrind/memcheck.h")
    if valgrind is None or not header.exists():
        pytest.skip("no valgrind here")
    program = tmp_path / "secrets"
    source = tmp_path / "secrets.c"
    source.write_text(SECRETS)
    command = ["cc", "-g", "-O2", *flags, f"-I{SOURCE}", "-o", str(program), str(source)]
    subprocess.run([*command, str(SOURCE / "p256.c")], check=True)
    check = [valgrind, "-q", "--error-exitcode=99", str(program)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # So that the test can fail.
    done = subprocess.run([*check, "1", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 99 and "uninitialised" in done.stderr
