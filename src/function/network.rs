//! Functions on IP networks.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use lifeboat_sdk::Value;

use super::call::{string_at, texts};
use super::{Call, Form, Function, FunctionError, Outcome, number, string};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "cidrhost",
        &[string("prefix"), number("hostnum")],
        Form::String,
        cidrhost,
        "The address of a host in a network; a negative number counts from the end.",
    ),
    Function::new(
        "cidrnetmask",
        &[string("prefix")],
        Form::String,
        cidrnetmask,
        "The mask of an IPv4 network.",
    ),
    Function::new(
        "cidrsubnet",
        &[string("prefix"), number("newbits"), number("netnum")],
        Form::String,
        cidrsubnet,
        "A part of a network, by its number.",
    ),
    Function::new(
        "cidrsubnets",
        &[string("prefix")],
        Form::ListOfString,
        cidrsubnets,
        "Consecutive parts of a network, by their sizes.",
    )
    .rest(number("newbits")),
];

/// A network of either family.
#[derive(Clone, Copy)]
struct Network {
    /// The first address.
    start: u128,
    /// The length of the prefix.
    length: u32,
    /// 32 or 128.
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8` or `fd00::/16`; zeros may stand before decimal numbers.
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (address, bits) = match parse_v4(address) {
            Some(address) => (u128::from(address), 32),
            None => (address.parse::<Ipv6Addr>().ok()?.to_bits(), 128),
        };
        let length = decimal(length).filter(|length| *length <= bits)?;
        Some(Self { start: address & !low_bits(bits - length), length, bits })
    }

    /// The last address.
    fn last(self) -> u128 {
        self.start | low_bits(self.bits - self.length)
    }

    /// An address of the same family in its usual form.
    fn address(self, address: u128) -> String {
        match u32::try_from(address) {
            Ok(address) if self.bits == 32 => Ipv4Addr::from_bits(address).to_string(),
            _ => Ipv6Addr::from_bits(address).to_string(),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(self.start), self.length)
    }
}

/// A number whose lowest bits are set.
fn low_bits(count: u32) -> u128 {
    if count >= 128 { u128::MAX } else { (1 << count) - 1 }
}

fn decimal(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn parse_v4(text: &str) -> Option<u32> {
    let mut address = 0;
    let mut parts = 0;
    for part in text.split('.') {
        address = address << 8 | decimal(part).filter(|n| *n <= 255)?;
        parts += 1;
        if parts > 4 {
            return None;
        }
    }
    (parts == 4).then_some(address)
}

fn network(call: &Call<'_>, args: &[Value]) -> Result<Network, FunctionError> {
    let text = string_at(args, 0)?;
    Network::parse(text).ok_or_else(|| {
        FunctionError::new(format!("{} is not a network such as \"10.0.0.0/8\"", call.quote(text)))
    })
}

/// A whole number of any size: whether it is negative, and its magnitude.
fn whole(args: &[Value], i: usize) -> Result<(bool, u128), FunctionError> {
    let number = args[i].as_number().filter(|n| n.is_integer());
    let number = number.ok_or_else(|| FunctionError::new("a whole number is required"))?;
    let magnitude = number.abs().to_radix(10).parse();
    let magnitude = magnitude.map_err(|_| FunctionError::new("the number is too large"))?;
    Ok((number.is_negative(), magnitude))
}

fn cidrhost(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let network = network(call, args)?;
    let (negative, n) = whole(args, 1)?;
    let highest = low_bits(network.bits - network.length);
    let distance = if negative { n.saturating_sub(1) } else { n };
    if distance > highest {
        let message =
            format!("a prefix of {} bits has no host {}", network.length, sign(negative, n));
        return Err(FunctionError::new(message));
    }
    let host = if negative { highest - distance } else { distance };
    Ok(Value::string(network.address(network.start | host)))
}

fn sign(negative: bool, n: u128) -> String {
    if negative { format!("-{n}") } else { n.to_string() }
}

fn cidrnetmask(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let network = network(call, args)?;
    if network.bits == 128 {
        return Err(FunctionError::new("IPv6 networks have no mask"));
    }
    let mask = low_bits(32) & !low_bits(32 - network.length);
    Ok(Value::string(network.address(mask)))
}

fn cidrsubnet(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let new_bits = args[1].as_i64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= 128);
    let new_bits = new_bits.ok_or_else(|| {
        FunctionError::new("the new bits must be a whole number that is not negative")
    })?;
    let (negative, n) = whole(args, 2)?;
    let network = network(call, args)?;
    let length = network.length + new_bits;
    if length > network.bits {
        let message = format!("a prefix of {} bits cannot be longer by {new_bits}", network.length);
        return Err(FunctionError::new(message));
    }
    if n > low_bits(new_bits) {
        let message = format!("{new_bits} new bits have no network {}", sign(negative, n));
        return Err(FunctionError::new(message));
    }
    let shift = network.bits - length;
    let offset = if shift < 128 { n << shift } else { 0 };
    let start = if negative && n > 0 {
        // What Terraform computes: the magnitude of the address united with a negative number.
        (network.start | offset.wrapping_neg()).wrapping_neg()
    } else {
        network.start | offset
    };
    Ok(Value::string(Network { start, length, ..network }.to_string()))
}

fn cidrsubnets(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let network = network(call, args).map_err(|e| FunctionError { argument: Some(0), ..e })?;
    let last = network.last();
    let mut next = Some(network.start);
    let mut subnets = Vec::with_capacity(args.len());
    for (i, arg) in args.iter().enumerate().skip(1) {
        let wrong = |message: String| FunctionError::at(i, message);
        let new_bits = arg.as_i64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n >= 1);
        let new_bits =
            new_bits.ok_or_else(|| wrong("the new bits must be a whole number from 1".into()))?;
        let length = network.length.saturating_add(new_bits);
        if length > network.bits {
            let message = format!("the prefix would have {length} of {} bits", network.bits);
            return Err(wrong(message));
        }
        let size = low_bits(network.bits - length);
        let start = next.and_then(|next| Some(next.checked_add(size)? & !size));
        let start = start.filter(|start| start.checked_add(size).is_some_and(|end| end <= last));
        let start = start
            .ok_or_else(|| wrong(format!("no space is left for a prefix of {length} bits")))?;
        subnets.push(Network { start, length, ..network });
        next = start.checked_add(size).and_then(|end| end.checked_add(1));
    }
    Ok(texts(subnets.iter().map(Network::to_string)))
}
