//! SHA-256 in the form in which manifests and object names carry it.
//!
//! Not for the CRC64NVME that S3 computes over uploads; the processor compares that with its own inputs.

use sha2::{Digest as _, Sha256};

/// SHA-256 of the bytes as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_the_nist_example_is_lower_case_hexadecimal() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
