"""Randomness derived from a seed, and RSA keys from it: the same on every machine and in every version of Python.

The stream of bytes is HMAC-SHA256 in counter mode. Block `i`, counted from 0, is the HMAC of `i` as
eight bytes. The key is the SHA-256 of `kmanifest random 1` and all strings, each preceded by its
length in eight bytes. Numbers are big-endian. A number below a bound uses as few bytes as can hold
the largest one. Bits at the end that are not needed are dropped. A number that is not below the
bound is drawn again.

Anyone who knows the seed can compute everything derived from it.
"""

from hashlib import sha256
from hmac import digest
from math import gcd, isqrt, lcm

from kmanifest.startup.typing import Final

PUBLIC_EXPONENT: Final = 65_537
_DOMAIN: Final = b"kmanifest random 1"
_SIEVE_SIZE: Final = 10_000
_ROUNDS: Final = 10


class SeededRandom:
    """The numbers and bytes of one stream.

    Each render needs its own.
    """

    __slots__ = ("_block", "_key", "_unused")

    def __init__(self, seed: str, *names: str) -> None:
        encoded = [data.encode("utf-8", "surrogateescape") for data in (seed, *names)]
        parts = [len(data).to_bytes(8, "big") + data for data in encoded]
        self._key = sha256(b"".join([_DOMAIN, *parts])).digest()
        self._block = 0
        self._unused = b""

    def randbytes(self, n: int, /) -> bytes:
        """Return the next `n` bytes."""
        parts = [self._unused]
        missing = n - len(self._unused)
        while missing > 0:
            block = digest(self._key, self._block.to_bytes(8, "big"), "sha256")
            self._block += 1
            parts.append(block)
            missing -= len(block)
        data = b"".join(parts)
        self._unused = data[n:]
        return data[:n]

    def randrange(self, stop: int, /) -> int:
        """Return a number from 0 to below `stop`, which is positive."""
        bits = (stop - 1).bit_length()
        size = (bits + 7) // 8
        while True:
            number = int.from_bytes(self.randbytes(size), "big") >> (8 * size - bits)
            if number < stop:
                return number


def rsa_primes(random: SeededRandom, bits: int) -> tuple[int, int]:
    """Return the two primes of a key with this many bits, the larger one first.

    They are far enough apart that they can't be found from their sum.

    Source: FIPS 186-5, appendix A.1.3: the primes' sizes, their distance and the size of the
    private exponent.
    """
    half = bits // 2
    while True:
        p, q = (_prime(random, half) for _ in range(2))
        private = pow(PUBLIC_EXPONENT, -1, lcm(p - 1, q - 1))
        if abs(p - q) >> (half - 100) and private >> half:
            return max(p, q), min(p, q)


def _prime(random: SeededRandom, bits: int) -> int:
    """Return a prime with its two highest bits set, so that the product of two has twice as many bits."""
    small = _small_primes()
    while True:
        start = int.from_bytes(random.randbytes(bits // 8), "big") | 3 << (bits - 2) | 1
        remainders = [start % prime for prime in small]
        for step in range(0, 20 * bits, 2):
            if not all(
                (remainder + step) % prime
                for remainder, prime in zip(remainders, small, strict=True)
            ):
                continue
            candidate = start + step
            if gcd(candidate - 1, PUBLIC_EXPONENT) == 1 and _is_prime(random, candidate):
                if candidate.bit_length() == bits:
                    return candidate
                break


def _small_primes() -> list[int]:
    """Return the odd primes by which a candidate is divided first."""
    sieve = bytearray([1]) * _SIEVE_SIZE
    for number in range(3, isqrt(_SIEVE_SIZE) + 1, 2):
        if sieve[number]:
            sieve[number * number :: number] = bytes(
                len(range(number * number, _SIEVE_SIZE, number))
            )
    return [number for number in range(3, _SIEVE_SIZE, 2) if sieve[number]]


def _is_prime(random: SeededRandom, number: int) -> bool:
    """Return whether a large odd number is a prime, by the Miller-Rabin test."""
    if pow(2, number - 1, number) != 1:
        return False
    twos = (number - 1 & 1 - number).bit_length() - 1
    odd = number - 1 >> twos
    return all(
        _passes_round(2 + random.randrange(number - 3), number, odd, twos) for _ in range(_ROUNDS)
    )


def _passes_round(base: int, number: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
