//! How much of a head is read before it is refused.

/// Bounds on one message head. The defaults are those of HTTP.sys (IIS reference §7.6).
///
/// All of them hold for a request. A response is held to `request_bytes_max`, `field_bytes_max` and `fields_max`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Start line and fields together, in bytes, line ends included: `MaxRequestBytes`. The trailer section of a
    /// chunked body and the sum of its chunk extensions are held to the same number.
    pub request_bytes_max: usize,
    /// One field line, in bytes, without its line end: `MaxFieldLength`.
    pub field_bytes_max: usize,
    /// Number of field lines in a head, and in a trailer section.
    pub fields_max: usize,
    /// The request target, in bytes.
    pub url_bytes_max: usize,
    /// One segment of the path, in characters after decoding: `UrlSegmentMaxLength`. 0 switches the check off.
    pub segment_bytes_max: usize,
    /// Number of segments of the path: `UrlSegmentMaxCount`. 0 switches the check off.
    pub segments_max: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            request_bytes_max: 16_384,
            field_bytes_max: 16_384,
            fields_max: 128,
            url_bytes_max: 16_384,
            segment_bytes_max: 260,
            segments_max: 255,
        }
    }
}
