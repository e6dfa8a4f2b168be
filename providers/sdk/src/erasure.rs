//! Changes and their outcomes between documents and the structs of kinds.

use crate::failure::{Class, Failure};
use crate::kind::{Change, ChangeAction, Object, Outcome, WriteFailure};
use crate::observation::Present;
use crate::value::{KnownDoc, Value};

fn decode_action<O: Object>(action: ChangeAction<KnownDoc>) -> Result<ChangeAction<O>, Failure> {
    let decode = |doc: &KnownDoc| {
        O::decode(doc.value()).map_err(|e| Failure::new(Class::Invalid, e.to_string()))
    };
    Ok(match action {
        ChangeAction::Create { after } => ChangeAction::Create { after: decode(&after)? },
        ChangeAction::Update { id, before, after } => {
            ChangeAction::Update { id, before: decode(&before)?, after: decode(&after)? }
        }
        ChangeAction::Delete { id, before } => {
            ChangeAction::Delete { id, before: decode(&before)? }
        }
    })
}

/// A change of an object as its kind is given it.
pub(crate) fn decode_change<O: Object>(change: Change<KnownDoc>) -> Result<Change<O>, Failure> {
    let Change { address, token, owner, action } = change;
    Ok(Change { address, token, owner, action: decode_action(action)? })
}

/// What became of a change, as a document.
pub(crate) fn encode_outcome<O: Object>(outcome: Outcome<O>) -> Outcome<Value> {
    let encode = |present: Present<O>| present.map(|o| o.encode());
    match outcome {
        Ok(present) => Ok(present.map(encode)),
        Err(WriteFailure { failure, half_made }) => {
            Err(WriteFailure { failure, half_made: half_made.map(encode) })
        }
    }
}
