//! What a region's name says: its partition and the suffix of its host names.

/// The partition of ARNs: `aws`, `aws-cn`, `aws-us-gov`.
pub fn partition(region: &str) -> &'static str {
    match prefix(region) {
        "cn" => "aws-cn",
        "us-gov" => "aws-us-gov",
        _ => "aws",
    }
}

/// The suffix of host names: `amazonaws.com`, in China `amazonaws.com.cn`.
pub fn dns_suffix(region: &str) -> &'static str {
    match prefix(region) {
        "cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}

fn prefix(region: &str) -> &str {
    ["cn", "us-gov"].into_iter().find(|p| region.starts_with(&format!("{p}-"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions() {
        let cases = [
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ];
        for (region, name, suffix) in cases {
            assert_eq!((partition(region), dns_suffix(region)), (name, suffix));
        }
    }
}
