//! PEM (RFC 7468) out of DER.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Bytes that fill a line of 64 characters.
const LINE_BYTES: usize = 48;

/// One block of this label.
pub(super) fn block(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(LINE_BYTES) {
        line.chunks(3).for_each(|piece| put(&mut text, piece));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// One to three bytes as four characters.
fn put(text: &mut String, piece: &[u8]) {
    let bits = piece.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - piece.len()));
    for place in 0..4 {
        let digit = char::from(DIGITS[((bits >> (18 - 6 * place)) & 63) as usize]);
        text.push(if place > piece.len() { '=' } else { digit });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(block("X", b"Man"), "-----BEGIN X-----\nTWFu\n-----END X-----\n");
        for length in 1..200_u8 {
            let der: Vec<u8> = (0..length).rev().collect();
            let read = CertificateDer::from_pem_slice(block("CERTIFICATE", &der).as_bytes()).unwrap();
            assert_eq!(&*read, &*der);
        }
    }
}
