//! Where an answer ends. As little as that takes: the clients must not be what bounds the rate.

/// The answers of one connection, as they are received.
#[derive(Debug, Default)]
pub(super) struct Replies {
    head: Vec<u8>,
    status: u16,
    /// Bytes of the body that are still to come.
    body_left: usize,
    in_body: bool,
    /// The length of the last answer: the next one is mostly the same.
    last_length: usize,
}

impl Replies {
    /// Takes received bytes; `each` is told the status of every answer that is complete.
    pub(super) fn take(&mut self, mut bytes: &[u8], mut each: impl FnMut(u16)) {
        while !bytes.is_empty() {
            let (taken, status) = self.take_one(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            status.into_iter().for_each(&mut each);
        }
    }

    /// Takes bytes of one answer: how many, and the status when it is complete.
    fn take_one(&mut self, bytes: &[u8]) -> (usize, Option<u16>) {
        if self.in_body {
            return self.take_body(bytes.len());
        }
        if self.head.is_empty() && self.is_like_the_last(bytes) {
            return (self.last_length, status(bytes));
        }
        let before = self.head.len();
        self.head.extend_from_slice(bytes);
        let Some(end) = self.head.windows(4).position(|window| window == b"\r\n\r\n") else {
            return (bytes.len(), None);
        };
        let end = end + 4;
        self.status = status(&self.head).unwrap_or_default();
        let length = content_length(&self.head[..end]);
        (self.in_body, self.body_left) = (true, length);
        let received = self.head.len() - end;
        self.last_length = if before == 0 { end + length } else { 0 };
        self.head.clear();
        let (body, status) = self.take_body(received);
        (end - before + body, status)
    }

    /// Whether an answer of the last one's length stands here whole, with another one or nothing after it.
    fn is_like_the_last(&self, bytes: &[u8]) -> bool {
        let rest = bytes.get(self.last_length..);
        self.last_length > 0 && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"HTTP/1."))
    }

    fn take_body(&mut self, count: usize) -> (usize, Option<u16>) {
        let taken = count.min(self.body_left);
        self.body_left -= taken;
        self.in_body = self.body_left > 0;
        (taken, (!self.in_body).then_some(self.status))
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

    fn check(pieces: &[&str], expected: &[&[u16]]) {
        let mut replies = Replies::default();
        let taken = pieces.iter().map(|piece| {
            let mut seen = Vec::new();
            replies.take(piece.as_bytes(), |status| seen.push(status));
            seen
        });
        assert_eq!(taken.collect::<Vec<_>>(), expected, "{pieces:?}");
    }

    const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";

    #[test]
    fn an_answer_ends_with_its_body() {
        check(&[WHOLE, WHOLE], &[&[200], &[200]]);
        check(&["HTTP/1.1 403 No\r\nA: b\r\n\r\n"], &[&[403]]);
        let (half, rest) = WHOLE.split_at(20);
        check(&[half, rest, WHOLE], &[&[], &[200], &[200]]);
        check(&[&WHOLE[..WHOLE.len() - 2], "b", "c", WHOLE], &[&[], &[], &[200], &[200]]);
    }

    #[test]
    fn answers_come_together() {
        let longer = "HTTP/1.1 404 No\r\ncontent-length: 30\r\n\r\n123456789012345678901234567890";
        check(&[WHOLE, &WHOLE.repeat(3)], &[&[200], &[200, 200, 200]]);
        check(&[&[WHOLE, longer, WHOLE].concat()], &[&[200, 404, 200]]);
        check(&[WHOLE, &[longer, WHOLE].concat()], &[&[200], &[404, 200]]);
        let two = WHOLE.repeat(2);
        let (first, second) = two.split_at(WHOLE.len() + 5);
        check(&[WHOLE, first, second, WHOLE], &[&[200], &[200], &[200], &[200]]);
    }
}
