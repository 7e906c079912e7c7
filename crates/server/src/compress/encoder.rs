//! Bytes in, compressed bytes out, whichever the coding.

use std::io::{self, Write as _};

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use doorward_plan::{CodingKind, Effort};
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder as ZstdEncoder;

/// How far back an encoder looks, as a power of two: bounds what one answer in progress keeps in memory.
const WINDOW_BITS: u32 = 18;
/// The brotli encoder's own buffer.
const BROTLI_BUFFER_BYTES: usize = 4096;

/// One stream being compressed.
pub(crate) enum Encoder {
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstandard(ZstdEncoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    pub(crate) fn new(effort: Effort) -> io::Result<Self> {
        let out = Vec::new();
        Ok(match effort.kind {
            CodingKind::Brotli => {
                // Below 2 every piece that is written would be a block of its own, also one of a few bytes.
                let (quality, lgwin) = (i32::try_from(effort.level.max(2)).unwrap_or(2), WINDOW_BITS.cast_signed());
                let params = BrotliEncoderParams { quality, lgwin, ..BrotliEncoderParams::default() };
                Self::Brotli(Box::new(CompressorWriter::with_params(out, BROTLI_BUFFER_BYTES, &params)))
            }
            CodingKind::Zstandard => {
                let mut encoder = ZstdEncoder::new(out, i32::try_from(effort.level).unwrap_or(1))?;
                encoder.set_parameter(CParameter::WindowLog(WINDOW_BITS))?;
                Self::Zstandard(encoder)
            }
            CodingKind::Gzip => Self::Gzip(GzEncoder::new(out, Compression::new(effort.level))),
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Brotli(encoder) => encoder.write_all(bytes),
            Self::Zstandard(encoder) => encoder.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
        }
    }

    /// What can be decoded to all that was written so far.
    pub(crate) fn flushed(&mut self) -> io::Result<Vec<u8>> {
        Ok(std::mem::take(match self {
            Self::Brotli(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Zstandard(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Gzip(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
        }))
    }

    /// The rest, and the end.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Zstandard(encoder) => encoder.finish(),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
pub(crate) fn decoded(kind: CodingKind, bytes: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut out = Vec::new();
    // An unfinished stream gives what it has before it fails.
    let _unfinished = match kind {
        CodingKind::Brotli => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out),
        CodingKind::Zstandard => zstd::stream::read::Decoder::new(bytes).unwrap().read_to_end(&mut out),
        CodingKind::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: CodingKind, level: u32) {
        let mut encoder = Encoder::new(Effort { kind, level }).unwrap();
        let (mut plain, mut sent) = (Vec::new(), Vec::new());
        for number in 0..200 {
            let event = format!("data: event {number} of the stream\n\n");
            plain.extend_from_slice(event.as_bytes());
            encoder.write(event.as_bytes()).unwrap();
            if number % 40 == 39 {
                sent.extend(encoder.flushed().unwrap());
                assert_eq!(decoded(kind, &sent), plain, "{kind:?}: a flush holds nothing back");
            }
        }
        sent.extend(encoder.finish().unwrap());
        assert_eq!(decoded(kind, &sent), plain, "{kind:?}");
        assert!(sent.len() < plain.len() / 2, "{kind:?}: {} of {}", sent.len(), plain.len());
    }

    #[test]
    fn every_coding_flushes_and_ends() {
        for level in [1, 6] {
            check(CodingKind::Gzip, level);
            check(CodingKind::Brotli, level);
            check(CodingKind::Zstandard, level);
        }
    }
}
