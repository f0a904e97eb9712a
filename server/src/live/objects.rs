//! The objects of a script: each of its programs is in one of them.

use tracedeck_compiler::Compiled;

use super::object::{LinkedProgram, Object, ObjectError};

pub struct Objects<'a>(Vec<Object<'a>>);

impl<'a> Objects<'a> {
    pub fn parse(compiled: &'a Compiled) -> Result<Self, ObjectError> {
        compiled.objects.iter().map(|bytes| Object::parse(bytes)).collect::<Result<_, _>>().map(Self)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Object<'a>> {
        self.0.iter()
    }

    pub fn get(&self, number: usize) -> Result<&Object<'a>, ObjectError> {
        self.0.get(number).ok_or_else(|| ObjectError(format!("no object {number}")))
    }

    /// The number of the object that a program is in, and the object.
    pub fn of(&self, program: &str) -> Result<(usize, &Object<'a>), ObjectError> {
        let found = self.0.iter().enumerate().find(|(_, object)| object.entry(program).is_some());
        found.ok_or_else(|| ObjectError(format!("no function '{program}'")))
    }

    /// A program in one piece, whichever object it is in.
    pub fn link(&self, program: &str) -> Result<LinkedProgram, ObjectError> {
        self.of(program)?.1.link(program)
    }
}
