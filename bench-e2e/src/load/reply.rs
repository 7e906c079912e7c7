//! Where an answer ends. As little as that takes: the clients must not be what bounds the rate.

/// One answer that is being received.
#[derive(Debug, Default)]
pub(super) struct Reply {
    head: Vec<u8>,
    status: u16,
    /// Bytes of the body that are still to come.
    body_left: usize,
    in_body: bool,
    /// The length of the last answer: the next one is mostly the same.
    last_length: usize,
}

impl Reply {
    /// Takes received bytes; the status when the answer is complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<u16> {
        if !self.in_body && self.head.is_empty() && bytes.len() == self.last_length {
            return status(bytes);
        }
        if self.in_body {
            return self.take_body(bytes.len());
        }
        self.head.extend_from_slice(bytes);
        let end = self.head.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        self.status = status(&self.head)?;
        let length = content_length(&self.head[..end]);
        (self.in_body, self.body_left) = (true, length);
        let received = self.head.len() - end;
        self.last_length = if received == length && self.head.len() == bytes.len() { bytes.len() } else { 0 };
        self.head.clear();
        self.take_body(received)
    }

    fn take_body(&mut self, count: usize) -> Option<u16> {
        self.body_left = self.body_left.saturating_sub(count);
        if self.body_left > 0 {
            return None;
        }
        self.in_body = false;
        Some(self.status)
    }
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head);
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let field = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    field.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], expected: &[Option<u16>]) {
        let mut reply = Reply::default();
        let taken: Vec<_> = pieces.iter().map(|piece| reply.take(piece.as_bytes())).collect();
        assert_eq!(taken, expected, "{pieces:?}");
    }

    #[test]
    fn an_answer_ends_with_its_body() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        check(&[whole, whole], &[Some(200), Some(200)]);
        check(&["HTTP/1.1 403 No\r\nA: b\r\n\r\n"], &[Some(403)]);
        let (half, rest) = whole.split_at(20);
        check(&[half, rest, whole], &[None, Some(200), Some(200)]);
        check(&[&whole[..whole.len() - 2], "b", "c", whole], &[None, None, Some(200), Some(200)]);
    }
}
