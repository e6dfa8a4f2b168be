//! Keys and signatures that ssh-keygen (OpenSSH 9.2) made, so that what is read here is what people
//! make; and what must not pass for one of them.

use proptest::prelude::*;
use ssh_key::private::Ed25519Keypair;
use ssh_key::public::{KeyData, SkEd25519};
use ssh_key::{
    Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, Signature, SigningKey, SshSig,
};

use super::*;

/// Ed25519.
const ALICE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmKw70BvABMl6C2xEUOLGoDbk4p79e9tAyyPEtPMKfb alice@example.com";

/// ECDSA P-256.
const BOB: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFiXpIelaqfZjprxcru6+h1ZoMirH5C/WgglDlzibOUKc2EAmi0aL68o62trrorC6PfGqptvkRr68o3Fi20scmE= bob@example.com";

/// Ed25519, of nobody who may approve.
const CAROL: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII7aNPlLpfQOZRKF+uwnTxhWOS83y8UqJLoNVbaAeC1l carol@example.com";

/// What was signed.
const TEXT: &str = "\
lifeboat approval 1
topology web
lineage 6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11
from us-east-1
to us-west-2
from-epoch 1
mode ungraceful
plan 4b9e1f0c
accept-loss unknown
attested us-east-1
expires 2026-11-22T18:00:00Z
";

/// By alice.
const BY_ALICE: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg+YrDvQG8AEyXoLbERQ4sagNuTi
nv1720DLI8S08wp9sAAAAIbGlmZWJvYXQAAAAAAAAABnNoYTUxMgAAAFMAAAALc3NoLWVk
MjU1MTkAAABA01Re0DndS2oVVjnvcp4PDi3ehd2xcN7wEgFlJz1YRHWBHi/Q7WFVvQ/qqu
PeocRkmNIzqWFDNprogjxiTSO9Bg==
-----END SSH SIGNATURE-----
";

/// By bob.
const BY_BOB: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE
EEWJekh6Vqp9mOmvFyu7r6HVmgyKsfkL9aCCUOXOJs5QpzYQCaLRovryjra2uuisLo98aq
m2+RGvryjcWLbSxyYQAAAAhsaWZlYm9hdAAAAAAAAAAGc2hhNTEyAAAAYwAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAASAAAACByfPVOLakIFGYLu+szEMX4C4w6kHEKD8ze04kr/Hh5
lQAAACA2hsLRZvLd+FnuGw80gq0IYxa7KOaV08ULRVI2a0AxOA==
-----END SSH SIGNATURE-----
";

/// By carol.
const BY_CAROL: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgjto0+Uul9A5lEoX67CdPGFY5Lz
fLxSokug1VtoB4LWUAAAAIbGlmZWJvYXQAAAAAAAAABnNoYTUxMgAAAFMAAAALc3NoLWVk
MjU1MTkAAABA1ySw8zybIxI8INxfn/JksyQYCL0UrH449NB222I0l7cu049ESYeRivxJWy
X8Q9HyfWOlrt7c8PRqSyCQQibvCg==
-----END SSH SIGNATURE-----
";

/// By alice, with `-n git`.
const FOR_GIT: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg+YrDvQG8AEyXoLbERQ4sagNuTi
nv1720DLI8S08wp9sAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQPRyoTjumenoO8eNmtB231qrA+9cqe/DEJLM9VtpFRsjCQZ69fGaNNRNgKX5wfWQkf
GEyIrcBfIxza4X3ZMNTwc=
-----END SSH SIGNATURE-----
";

/// RSA with 2048 bits.
const RSA: &str = "AAAAB3NzaC1yc2EAAAADAQABAAABAQCoa9Yum1TGsUsFg5as0LEOEa/jB3SxOuw+RpUp2k0wNtcNtxUaBejhzYacjZ++S1wAI9IbBH2roxbMigOiSsK/v/Va8HwKHUQ7MqGqqf/0Sd+qrHg2rvN+wrvG5JuU/P8ls5NDM6bESiWvInME3w8mSJorIgUuq05oso6deu8EYqALIpHcFfytuK8kMCLKtWSFjrrYFBQ5y26ZHC0+zdAKDTrLjWLZEZ+k9w/DzeNtcbK+h5L2neKrtdLxQx6Mb2DT9s1i4pAnRrGUp4QdjRfbNPAgF5NF+NEDLWuXaXkOmhY74mSmGj6RHi44OigbYJl43w3GekzWnmrEN4dPH6o/";

/// DSA.
const DSA: &str = "AAAAB3NzaC1kc3MAAACBAId6MhmJahFrWZ4C9u01nNDJrxghuvhWDdTb+Z0mxgef1YbTPUyaxsUK7X+I31/xWJhGIGHcQuExI5hHuGbW2aiuINlDxSQx+tNnmRUqtvCJXtQQIy/iw7K+Jc67uaxYSSiWREA66LzJb8dRmoBGUBmdu8zTkMZC+Ro5vzgB3H4lAAAAFQD8OZ2iM0kYdEKheDK4aLi0Q3pF7wAAAIAqvMx31kvUKJfXvwCa79Z/J0I8HUGuZ8Fo7iijc7LS+Z+r4FElVHtUF1AJGZTjTDUPGkQWlaa/zHWUch4SkJ/oihuonC0RIFeZM9Tixjde51VzAGt7ZdTMo6qHPtCk5vBQpL+zDNmQhWpMfkrAoy7E2i//8B1rPuDo3sPt2g5PxgAAAIAcYM8CIokZOl3MP2wIXy1YLOxujoynmiR6aUZkU3/6MS3RqWSgDFLaYg0dojL/1c3sHOk6clCy0AE0WP1mczjv6a/GGHjhi+7RsKxod2cwF6TcPLVxv3UXz/bjEiKEo0hEFZKfGQLBxazt+BACloYY6sAwVI+9jEf9SdFu0lXz0g==";

/// ECDSA P-384.
const P384: &str = "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBAIY7eH7WjuwGiTLm1yk1acNNX3LAQ0UADt0KTHzOxWc+xt7MCLdRbhDzSl5/T9Erv0QHMxVYVyCIZ7yNCl0BIw9jsNhxnPw0Hr9maXwhlwUckX1cgDyXIqgkRnlqBSBew==";

fn policy() -> Policy {
    Policy::of_lines(2, &[BOB.to_owned(), ALICE.to_owned()]).unwrap()
}

fn signer(text: &str, signature: &str) -> Result<String, SignatureError> {
    policy().signer(text, signature.as_bytes()).map(|approver| approver.name().to_owned())
}

fn statement() -> Statement {
    Statement {
        topology: "web".to_owned(),
        lineage: "6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11".to_owned(),
        from: "us-east-1".to_owned(),
        to: "us-west-2".to_owned(),
        from_epoch: 1,
        mode: "ungraceful",
        plan: "4b9e1f0c".to_owned(),
        accept_loss: Loss::Unknown,
        attested: vec!["us-east-1".to_owned()],
        expires: "2026-11-22T18:00:00Z".to_owned(),
    }
}

#[test]
fn the_text_of_an_approval_stays_as_it_is_documented() {
    assert_eq!(statement().to_string(), TEXT);
    let other = Statement { accept_loss: Loss::Seconds(300), attested: Vec::new(), ..statement() };
    assert!(other.to_string().contains("accept-loss 300s\nattested none\nexpires "), "{other}");
    let none = Statement { accept_loss: Loss::None, ..statement() };
    assert!(none.to_string().contains("accept-loss none\n"), "{none}");
}

#[test]
fn no_value_of_an_approval_looks_like_another_line_or_another_value() {
    let named = |topology: &str| Statement { topology: topology.to_owned(), ..statement() };
    let text = named("web\nto eu-west-1").to_string();
    assert_eq!(text.lines().count(), TEXT.lines().count());
    assert!(text.contains("topology web\\u{a}to eu-west-1\n"), "{text}");
    let hidden = named("w\u{202e}\u{435}b").to_string();
    assert!(hidden.is_ascii() && hidden.contains("topology w\\u{202e}\\u{435}b\n"), "{hidden}");
    assert_ne!(named("a\\u{a}").to_string(), named("a\n").to_string());
}

#[test]
fn what_ssh_keygen_signs_is_by_the_approver_whose_key_it_was() {
    assert_eq!(signer(TEXT, BY_ALICE).as_deref(), Ok("alice@example.com"));
    assert_eq!(signer(TEXT, BY_BOB).as_deref(), Ok("bob@example.com"));
}

#[test]
fn a_signature_over_another_text_for_something_else_or_by_somebody_else_is_none() {
    let other = TEXT.replace("us-west-2", "eu-west-1");
    let name = "alice@example.com".to_owned();
    assert_eq!(signer(&other, BY_ALICE), Err(SignatureError::Text { name }));
    let name = "bob@example.com".to_owned();
    assert_eq!(signer(TEXT.trim_end(), BY_BOB), Err(SignatureError::Text { name }));
    let found = "git".to_owned();
    assert_eq!(signer(TEXT, FOR_GIT), Err(SignatureError::Namespace { found }));
    let fingerprint = Approver::parse(CAROL).unwrap().fingerprint();
    assert_eq!(signer(TEXT, BY_CAROL), Err(SignatureError::Stranger { fingerprint }));
    assert_eq!(signer(TEXT, TEXT), Err(SignatureError::Form));
    assert_eq!(signer(TEXT, ""), Err(SignatureError::Form));
}

#[test]
fn no_bit_of_a_version_a_key_or_a_signature_can_be_another() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let lines = BY_ALICE.lines().filter(|line| !line.starts_with('-'));
    let bytes = STANDARD.decode(lines.collect::<String>()).unwrap();
    let armoured = |bytes: &[u8]| {
        let text = STANDARD.encode(bytes);
        let lines = text.as_bytes().chunks(70).map(String::from_utf8_lossy);
        let body = lines.collect::<Vec<_>>().join("\n");
        format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n")
    };
    assert_eq!(armoured(&bytes), BY_ALICE);
    // PROTOCOL.sshsig: SSHSIG, the version, the key with its type, …, the 64 bytes of the signature.
    for at in (6..10).chain(33..65).chain(bytes.len() - 64..bytes.len()) {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            assert!(signer(TEXT, &armoured(&altered)).is_err(), "bit {bit} of byte {at}");
        }
    }
}

/// The bare signature: whoever has the bound has the trait, which is of a crate that ssh-key uses.
fn signed_by(key: &impl SigningKey, message: &[u8]) -> Signature {
    key.try_sign(message).unwrap()
}

/// What a security key with this Ed25519 key makes of a text (PROTOCOL.u2f).
fn by_security_key(pair: &Ed25519Keypair, flags: u8, text: &str) -> String {
    use sha2::Digest as _;
    let signed = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, text.as_bytes()).unwrap();
    let trailer = [flags, 0, 0, 0, 7];
    let digest = |bytes: &[u8]| sha2::Sha256::digest(bytes).to_vec();
    let message = [&digest(b"ssh:")[..], &trailer, &digest(&signed)].concat();
    let signature = signed_by(&PrivateKey::from(pair.clone()), &message);
    let bytes = [signature.as_bytes(), &trailer].concat();
    let signature = Signature::new(Algorithm::SkEd25519, bytes).unwrap();
    let key = KeyData::SkEd25519(SkEd25519::new(pair.public, "ssh:"));
    let signature = SshSig::new(key, NAMESPACE, HashAlg::Sha512, signature).unwrap();
    signature.to_pem(LineEnding::LF).unwrap()
}

#[test]
fn a_security_key_counts_where_somebody_touched_it() {
    let pair = Ed25519Keypair::from_seed(&[7; 32]);
    let key = PublicKey::new(KeyData::SkEd25519(SkEd25519::new(pair.public, "ssh:")), "dora");
    let policy = Policy::of_lines(1, &[key.to_openssh().unwrap()]).unwrap();
    let signer = |flags| {
        let signature = by_security_key(&pair, flags, TEXT);
        policy.signer(TEXT, signature.as_bytes()).map(|approver| approver.name().to_owned())
    };
    assert_eq!(signer(1).as_deref(), Ok("dora"));
    assert_eq!(signer(5).as_deref(), Ok("dora"));
    assert_eq!(signer(0), Err(SignatureError::Untouched { name: "dora".to_owned() }));
}

#[test]
fn an_approver_is_a_key_that_can_be_checked_and_a_name() {
    let alice = Approver::parse(&format!("  {ALICE}\n")).unwrap();
    assert_eq!((alice.name(), alice.line()), ("alice@example.com", ALICE));
    let bob = |line: &str| alice.may_be(&Approver::parse(line).unwrap());
    assert!(bob(&ALICE.replace("alice", "bob")) && bob(&BOB.replace("bob", "alice")) && !bob(BOB));
    let refused = |line: &str| Approver::parse(line).unwrap_err();
    for (kind, key) in [("ssh-rsa", RSA), ("ssh-dss", DSA), ("ecdsa-sha2-nistp384", P384)] {
        assert_eq!(refused(&format!("{kind} {key} r@x")), KeyError::Type(kind.to_owned()));
    }
    assert_eq!(refused(ALICE.trim_end_matches("alice@example.com")), KeyError::NoName);
    assert_eq!(refused(&format!("{ALICE}\n{BOB}")), KeyError::Name);
    let options = format!("namespaces=\"lifeboat\" {ALICE}");
    let cut = ALICE.replace("AAAAC3", "AAAA");
    let other = ALICE.replace("ssh-ed25519", "ssh-rsa");
    for line in ["", "alice", "ssh-ed25519", &options, &cut, &other] {
        assert_eq!(refused(line), KeyError::Form, "{line:?}");
    }
}

#[test]
fn a_policy_is_the_same_in_any_order_and_tells_who_comes_and_goes() {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let policy = |all: &[&str]| Policy::of_lines(1, &lines(all)).unwrap();
    assert_eq!(policy(&[ALICE, BOB]), policy(&[BOB, ALICE]));
    assert_eq!(policy(&[BOB, ALICE]).lines(), lines(&[ALICE, BOB]));
    let change = PolicyChange { before: policy(&[ALICE, BOB]), after: policy(&[BOB, CAROL]) };
    let names = |approvers: Vec<&Approver>| {
        approvers.into_iter().map(|a| a.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(change.added().collect()), ["carol@example.com"]);
    assert_eq!(names(change.removed().collect()), ["alice@example.com"]);
}

proptest! {
    #[test]
    fn nothing_that_is_read_stops_the_program(
        line in ".{0,80}",
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        at in 0..BY_ALICE.len(),
        byte in any::<u8>(),
    ) {
        drop(Approver::parse(&line));
        drop(Approver::parse(&format!("ssh-ed25519 {line}")));
        prop_assert!(policy().signer(TEXT, &bytes).is_err());
        let mut altered = BY_BOB.as_bytes().to_vec();
        if let Some(place) = altered.get_mut(at) {
            *place = byte;
        }
        drop(policy().signer(TEXT, &altered));
    }
}
