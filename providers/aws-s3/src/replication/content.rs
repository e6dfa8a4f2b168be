//! Whether two objects have the same content, as far as S3 tells.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};
use lifeboat_sdk::{Call, Class, Failure};

use super::listing::Listed;
use crate::setting::{At, NO_BUCKET, request};

/// How far the copying of an object is.
pub const HEAD: Call = Call::read("s3", "HeadObject", "s3:GetObject").data();

/// What tells that there is no such object.
pub(super) const NO_OBJECT: &[&str] = &[NO_BUCKET, "NotFound", "NoSuchKey"];

/// What is known of a content without reading it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    /// Checksums of the whole, each with what made it.
    sums: Vec<(&'static str, String)>,
    /// Whether the tag is a checksum of the whole.
    plain: bool,
}

/// Whether two objects of the same key are the same, whose tags are not. A tag is a checksum only
/// of what was written in one piece and is not encrypted with a key of KMS (S3 API reference,
/// `Object`). Nothing where nobody can tell.
pub(super) async fn same(
    source: &At<'_>,
    target: &At<'_>,
    object: &Listed,
    other: &Listed,
) -> Result<Option<bool>, Failure> {
    if object.size != other.size {
        return Ok(Some(false));
    }
    let (from, to) = (known(source, object).await?, known(target, other).await?);
    let (Some(from), Some(to)) = (from, to) else { return Ok(Some(false)) };
    Ok(agree(&from, &to))
}

/// Whether an object is in the target by now: what refuses a copy may be the copy itself, of which the
/// answer was lost.
pub(super) async fn arrived(
    source: &At<'_>,
    target: &At<'_>,
    object: &Listed,
) -> Result<bool, Failure> {
    let head = || target.client.head_object().key(&object.key).checksum_mode(ChecksumMode::Enabled);
    let answer = match target.call(&HEAD, request!(target, head(), NO_OBJECT)).await {
        Ok(answer) => answer,
        Err(failure) if failure.class == Class::NotFound => return Ok(false),
        Err(failure) => return Err(failure),
    };
    let tag = answer.e_tag().unwrap_or_default();
    if answer.content_length().and_then(|size| u64::try_from(size).ok()) != Some(object.size) {
        return Ok(false);
    }
    if tag == object.tag {
        return Ok(true);
    }
    let from = known(source, object).await?;
    Ok(from.is_some_and(|from| agree(&from, &told(&answer, tag)) == Some(true)))
}

/// Nothing where nobody can tell.
fn agree(one: &Known, other: &Known) -> Option<bool> {
    let of = |name: &str| other.sums.iter().find(|(by, _)| *by == name).map(|(_, sum)| sum);
    let both = one.sums.iter().find_map(|(by, sum)| Some(sum == of(by)?));
    // The tags are known to differ.
    both.or((one.plain && other.plain).then_some(false))
}

/// What is known of an object; nothing where there is none.
async fn known(at: &At<'_>, object: &Listed) -> Result<Option<Known>, Failure> {
    let head = || at.client.head_object().key(&object.key).checksum_mode(ChecksumMode::Enabled);
    match at.call(&HEAD, request!(at, head(), NO_OBJECT)).await {
        Ok(answer) => Ok(Some(told(&answer, &object.tag))),
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn told(answer: &HeadObjectOutput, tag: &str) -> Known {
    let keyed = answer.ssekms_key_id().is_some();
    let plain = !keyed && !tag.contains('-');
    if answer.checksum_type() == Some(&ChecksumType::Composite) {
        return Known { sums: Vec::new(), plain };
    }
    let all = [
        ("crc64nvme", answer.checksum_crc64_nvme()),
        ("crc32", answer.checksum_crc32()),
        ("crc32c", answer.checksum_crc32_c()),
        ("sha1", answer.checksum_sha1()),
        ("sha256", answer.checksum_sha256()),
    ];
    let sums = all.into_iter().filter_map(|(by, sum)| Some((by, sum?.to_owned())));
    // The checksum of parts has their number behind it.
    Known { sums: sums.filter(|(_, sum)| !sum.contains('-')).collect(), plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> aws_sdk_s3::operation::head_object::builders::HeadObjectOutputBuilder {
        HeadObjectOutput::builder()
    }

    #[test]
    fn what_was_written_in_parts_is_compared_by_checksums_of_the_whole() {
        let parts = told(&answer().checksum_crc64_nvme("AAA=").build(), "\"abc-3\"");
        let whole = told(&answer().checksum_crc64_nvme("AAA=").checksum_sha1("x").build(), "\"a\"");
        assert_eq!(agree(&parts, &whole), Some(true));
        let other = told(&answer().checksum_crc64_nvme("BBB=").build(), "\"a\"");
        assert_eq!(agree(&parts, &other), Some(false));
    }

    #[test]
    fn where_nothing_can_be_compared_nobody_can_tell() {
        let plain = told(&answer().build(), "\"a\"");
        let parts = told(&answer().checksum_sha256("AAA=-3").build(), "\"a-3\"");
        let composite = answer().checksum_type(ChecksumType::Composite).checksum_crc32("AAA=");
        let composite = told(&composite.build(), "\"a-3\"");
        let keyed = told(&answer().ssekms_key_id("arn").build(), "\"b\"");
        for other in [&parts, &composite, &keyed] {
            assert_eq!(agree(&plain, other), None);
        }
        // Tags that differ and are checksums are enough.
        assert_eq!(agree(&plain, &told(&answer().build(), "\"b\"")), Some(false));
    }
}
