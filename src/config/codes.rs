//! The codes of this stage: each with its summary and a line that causes it.

use lifeboat_sdk::Diagnostic;

/// A kind of problem.
#[derive(Debug)]
pub struct Code {
    /// Stable: `config::what`.
    pub code: &'static str,
    /// One line without names.
    pub summary: &'static str,
    /// A source that has the problem.
    pub example: &'static str,
}

impl Code {
    /// An error of this kind.
    pub fn error(&self, detail: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.code, self.summary, detail)
    }

    /// A warning of this kind.
    pub fn warning(&self, detail: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(self.code, self.summary, detail)
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $summary:literal, $example:literal;)*) => {
        $(#[doc = $summary] pub const $name: Code =
            Code { code: $code, summary: $summary, example: $example };)*
        /// All of them.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    // Characters and texts.
    INVALID_ENCODING = "config::invalid_encoding", "The file is not UTF-8", "a byte FF";
    INVALID_CHARACTER = "config::invalid_character", "Invalid character", "a = 1;";
    INVALID_ESCAPE = "config::invalid_escape", "Invalid escape sequence", r#"a = "\q""#;
    UNCLOSED_TEXT = "config::unclosed_text", "Unclosed text", r#"a = "x"#;
    UNCLOSED_HEREDOC = "config::unclosed_heredoc", "Unclosed heredoc", "a = <<EOT";
    UNCLOSED_COMMENT = "config::unclosed_comment", "Unclosed comment", "/* x";
    INVALID_NUMBER = "config::invalid_number", "Invalid number", "a = 1e999999999999";
    INVALID_LABEL = "config::invalid_label", "Invalid label", r#"output "${x}" {}"#;
    // Bodies.
    EXPECTED_ITEM = "config::expected_item", "An argument or block is expected", "= 1";
    EXPECTED_BLOCK = "config::expected_block", "Invalid block", r#"output "o" = {}"#;
    EXPECTED_NEWLINE = "config::expected_newline", "The line must end here", "a = 1 b = 2";
    UNCLOSED_BLOCK = "config::unclosed_block", "Unclosed block", r#"output "o" {"#;
    ONE_LINE_BLOCK = "config::one_line_block", "Invalid block on one line",
        "locals { a = 1, b = 2 }";
    QUOTED_NAME = "config::quoted_name", "Quoted argument name", r#""a" = 1"#;
    DUPLICATE_ARGUMENT = "config::duplicate_argument", "Argument set twice", "count = 1, count = 2";
    TOO_DEEP = "config::too_deep", "Nested too deeply", "((((…))))";
    // Expressions.
    EXPECTED_EXPRESSION = "config::expected_expression", "An expression is expected", "a = ]";
    EXPECTED_CLOSE = "config::expected_close", "Missing closing bracket", "a = (1";
    EXPECTED_SEPARATOR = "config::expected_separator", "Missing separator", "a = [1 2]";
    EXPECTED_VALUE = "config::expected_value", "Missing value of a key", "a = { b }";
    EXPECTED_ATTRIBUTE = "config::expected_attribute", "An attribute name is expected", "a = b.";
    EXPECTED_COLON = "config::expected_colon", "Incomplete conditional", "a = b ? c";
    EXPECTED_CALL = "config::expected_call", "Incomplete function call", "a = b::c";
    LEGACY_INDEX = "config::legacy_index", "Ambiguous index", "a = b.0.1";
    NESTED_SPLAT = "config::nested_splat", "Splat inside a splat", "a = b.*.*.c";
    AMBIGUOUS_KEY = "config::ambiguous_key", "Ambiguous key", "a = { b.c = 1 }";
    FOR_SYNTAX = "config::for_syntax", "Invalid for expression", "a = [for x : x]";
    TEMPLATE_SYNTAX = "config::template_syntax", "Invalid template", r#"a = "%{ foo }""#;
    // References.
    INVALID_REFERENCE = "config::invalid_reference", "Invalid reference", "a = foo";
    UNKNOWN_ATTRIBUTE = "config::unknown_attribute", "Unknown attribute", "a = path.nope";
    // Values.
    WRONG_TYPE = "config::wrong_type", "Unsuitable value", "count = []";
    INVALID_OPERAND = "config::invalid_operand", "Unsuitable operand", "a = 1 + true";
    OPERATION_FAILED = "config::operation_failed", "The operation failed", "a = 1 / 0";
    CONDITION = "config::condition", "Unsuitable condition", "a = 1 ? 2 : 3";
    CONDITIONAL_TYPES = "config::conditional_types", "Results of different types",
        "a = true ? 1 : []";
    INVALID_KEY = "config::invalid_key", "Unsuitable key", "a = { ([]) = 1 }";
    DUPLICATE_KEY = "config::duplicate_key", "Duplicate key",
        r#"a = { for x in ["b", "b"] : x => 1 }"#;
    NOT_ITERABLE = "config::not_iterable", "No elements to walk", "a = [for x in 5 : x]";
    NO_ELEMENT = "config::no_element", "No such element", "a = [][0]";
    NULL_ACCESS = "config::null_access", "The value is null", "a = null.b";
    TEMPLATE_VALUE = "config::template_value", "Value without a text", r#"a = "${[]}!""#;
    UNKNOWN_FUNCTION = "config::unknown_function", "Unknown function", "a = lenght([])";
    ARGUMENT_COUNT = "config::argument_count", "Wrong number of arguments", "a = upper()";
    INVALID_ARGUMENT = "config::invalid_argument", "Unsuitable argument", "a = upper([])";
    CALL_FAILED = "config::call_failed", "The function failed", r#"a = jsondecode("{")"#;
    // Files.
    UNREADABLE = "config::unreadable", "A file cannot be read", "-var-file=nope.drvars.hcl";
    NO_FILES = "config::no_files", "No configuration files", "an empty folder";
    MODULE_SOURCE = "config::module_source", "Unsuitable module source", r#"source = "a/b""#;
    INVALID_JSON = "config::invalid_json", "Invalid variables file", "x.auto.drvars.json: [";
    INVALID_OPTION = "config::invalid_option", "Invalid value on the command line", "-var x";
    // Blocks.
    UNKNOWN_ARGUMENT = "config::unknown_argument", "Unknown argument", "output \"o\" { valeu = 1 }";
    UNKNOWN_BLOCK = "config::unknown_block", "Unknown block", "resorce \"a\" \"b\" {}";
    MISSING_ARGUMENT = "config::missing_argument", "Missing argument", "output \"o\" {}";
    MISSING_BLOCK = "config::missing_block", "Missing block", "check \"c\" {}";
    TOO_MANY_BLOCKS = "config::too_many_blocks", "Too many blocks", "two `lifecycle` blocks";
    MISSING_LABEL = "config::missing_label", "Missing label", "output {}";
    EXTRA_LABEL = "config::extra_label", "Label too many", r#"output "a" "b" {}"#;
    INVALID_NAME = "config::invalid_name", "Invalid name", r#"output "a b" {}"#;
    DUPLICATE = "config::duplicate", "Declared twice", "two outputs of one name";
    COUNT_AND_FOR_EACH = "config::count_and_for_each", "Both count and for_each",
        "count = 1, for_each = {}";
    UNSUPPORTED = "config::unsupported", "Not supported", "terraform {}";
    NOT_CONSTANT = "config::not_constant", "The value must be constant",
        "prevent_destroy = var.x";
    INVALID_TYPE = "config::invalid_type", "Invalid type", "type = strin";
    INVALID_DEFAULT = "config::invalid_default", "Unsuitable default",
        r#"type = number, default = "x""#;
    INVALID_CONDITION = "config::invalid_condition", "The condition looks at nothing",
        "condition = true";
    INVALID_ADDRESS = "config::invalid_address", "Invalid address", "moved { from = 1 … }";
    EXPECTED_LIST = "config::expected_list", "A list is expected", "depends_on = a.b";
    EXPECTED_REFERENCE = "config::expected_reference", "A reference is expected",
        "depends_on = [1]";
    QUOTED_REFERENCE = "config::quoted_reference", "Quoted reference", r#"depends_on = ["a.b"]"#;
    // Declarations and uses.
    UNDECLARED = "config::undeclared", "Reference to an undeclared name", "a = var.nope";
    OUTSIDE = "config::outside", "Reference to an instance outside of one", "a = each.key";
    SELF_REFERENCE = "config::self_reference", "Reference to itself", "locals { a = local.a }";
    INSTANCE_KEY = "config::instance_key", "Wrong use of instances", "a = one_of_many.x.id";
    STILL_DECLARED = "config::still_declared", "Removed, and declared", "removed { from = a.b }";
    // Variables.
    NO_VALUE = "config::no_value", "No value for a variable", "variable \"v\" {}";
    INVALID_VALUE = "config::invalid_value", "Unsuitable value for a variable", "-var n=x";
    UNDECLARED_VARIABLE = "config::undeclared_variable", "Value for an undeclared variable",
        "-var nope=1";
    VALIDATION = "config::validation", "The value of a variable is not valid",
        "a failed validation";
    // Bodies by schema.
    READ_ONLY = "config::read_only", "The attribute cannot be set", r#"id = "x""#;
    INVALID_DYNAMIC = "config::invalid_dynamic", "Invalid dynamic block", "dynamic \"a\" {}";
    SECRET_LITERAL = "config::secret_literal", "A secret in the files", r#"password = "x""#;
}
