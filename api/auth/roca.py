"""RSA keys of a library whose primes can be found (ROCA, CVE-2017-15361), by the mark that all of them bear."""

_GENERATOR = 65537
_PRIMES = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109),
    *(113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)


def is_of_roca(modulus: int) -> bool:
    """Whether the modulus is a power of 65537 modulo each small prime; by chance that is one of 2^27."""
    return all(modulus % prime in _powers(prime) for prime in _PRIMES)


def _powers(prime: int) -> set[int]:
    powers, power = set[int](), 1
    while power not in powers:
        powers.add(power)
        power = power * _GENERATOR % prime
    return powers
