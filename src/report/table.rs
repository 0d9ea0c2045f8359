//! placeholder
use super::*;
pub fn messages(r:&MessagesReport)->String{format!("{r:?}")}
pub fn errors(r:&ErrorsReport)->String{format!("{r:?}")}
