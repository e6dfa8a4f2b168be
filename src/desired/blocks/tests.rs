//! Tests of what blocks become.

use crate::topology::testing::read;

const EXAMPLE: &str = include_str!("../../../examples/two-region-web/main.dr.hcl");

#[test]
fn the_example_expands_fully() {
    let read = read(EXAMPLE);
    assert_eq!(read.problems(), Vec::<String>::new());
    assert_eq!(read.addresses().len(), 22);
}
