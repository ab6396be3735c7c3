"""Which wallets and onion names are ones: their checksums, computed.

Nothing is decided about what a valid one means.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

_BASE58 = {sign: value for value, sign in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {sign: value for value, sign in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_MONERO_BLOCKS = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}
"""Characters of a block of Monero's base 58, and the bytes that they stand for."""
_MONERO_NETWORKS = (18, 19, 42)
"""The first byte of a main-net address: standard, integrated, subaddress (monero/cryptonote_config.h)."""


def bitcoin(address: str) -> bool:
    """Base58Check of version 0 or 5, or bech32 (BIP 173) and bech32m (BIP 350) of `bc`."""
    if address[:3].lower() == "bc1":
        return _bech32(address)
    number = 0
    for sign in address:
        if sign not in _BASE58:
            return False
        number = number * 58 + _BASE58[sign]
    if number >= 1 << 200:
        return False
    data = number.to_bytes(25, "big")
    return data[0] in {0, 5} and hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()[:4] == data[21:]


def _bech32(address: str) -> bool:
    lower = address.lower()
    if address not in (lower, address.upper()) or any(sign not in _BECH32 for sign in lower[3:]):
        return False
    values = [3, 3, 0, 2, 3, *(_BECH32[sign] for sign in lower[3:])]  # the prefix "bc", expanded
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    return check == (1 if lower[3] == "q" else 0x2BC830A3)


def ethereum(address: str) -> bool:
    """`0x` and forty hexadecimal digits; in mixed case they have to be those of EIP-55."""
    digits = address[2:]
    if digits in (digits.lower(), digits.upper()):
        return True
    marks = keccak256(digits.lower().encode()).hex()
    return all(
        sign == (sign.upper() if int(mark, 16) >= 8 else sign.lower())
        for sign, mark in zip(digits, marks, strict=False)
    )


def monero(address: str) -> bool:
    """A main-net address whose last four bytes are the hash of those before."""
    data = b""
    for start in range(0, len(address), 11):
        block = address[start : start + 11]
        size, number = _MONERO_BLOCKS.get(len(block)), 0
        for sign in block:
            if sign not in _BASE58:
                return False
            number = number * 58 + _BASE58[sign]
        if size is None or number >= 1 << 8 * size:
            return False
        data += number.to_bytes(size, "big")
    return data[0] in _MONERO_NETWORKS and keccak256(data[:-4])[:4] == data[-4:]


def onion(name: str) -> bool:
    """The label before `.onion`, version 3 (rend-spec-v3, 6: key, checksum, version); version 2 has no checksum."""
    try:
        data = base64.b32decode(name.upper())
    except binascii.Error:
        return False
    key, check, version = data[:32], data[32:34], data[34:]
    return version == b"\x03" and hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2] == check


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum and Monero use it: the padding is not that of SHA-3 (FIPS 202)."""
    rate = 136
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), rate):
        for lane in range(rate // 8):
            state[lane] ^= int.from_bytes(padded[start + 8 * lane : start + 8 * lane + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


_LANE = (1 << 64) - 1


def _rotated(lane: int, by: int) -> int:
    return (lane << by | lane >> 64 - by) & _LANE if by else lane


def _permute(state: list[int]) -> None:
    """Keccak-f[1600] (FIPS 202, 3.3), in place."""
    feedback = 1
    for _ in range(24):
        columns = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        for x in range(5):
            parity = columns[(x + 4) % 5] ^ _rotated(columns[(x + 1) % 5], 1)
            for y in range(0, 25, 5):
                state[x + y] ^= parity
        x, y, held = 1, 0, state[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            held, state[x + 5 * y] = state[x + 5 * y], _rotated(held, (step + 1) * (step + 2) // 2 % 64)
        for y in range(0, 25, 5):
            row = state[y : y + 5]
            for x in range(5):
                state[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for bit in range(7):
            if feedback & 1:
                state[0] ^= 1 << (1 << bit) - 1
            feedback = feedback << 1 ^ (0x171 if feedback & 0x80 else 0)
