//! The little of Java's serialisation (Java Object Serialization Specification, chapter 6) that JCEKS files
//! contain: objects of four classes, with strings, byte arrays and an enumeration in their fields.
//!
//! Nothing is ever made of a class by its name; an unknown class ends the reading. That is why this is harmless
//! where the original is infamous.

use std::rc::Rc;

use zeroize::Zeroizing;

use super::KeyStoreError;
use super::cursor::Cursor;

/// What a stream begins with.
pub(super) const MAGIC: [u8; 4] = [0xAC, 0xED, 0x00, 0x05];

const CLASSES: &[&str] = &[
    "com.sun.crypto.provider.SealedObjectForKeyProtector",
    "javax.crypto.SealedObject",
    "javax.crypto.spec.SecretKeySpec",
    "java.security.KeyRep",
    "java.security.KeyRep$Type",
    "java.lang.Enum",
    "[B",
];

const WHAT: &str = "a serialised object";

/// A sealed key has five levels.
const DEPTH_MAX: usize = 16;

/// A sealed key has a dozen things that can be referred to.
const HANDLES_MAX: usize = 256;

/// Where the numbers of references begin.
const FIRST_HANDLE: usize = 0x7E_0000;

const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const ARRAY: u8 = 0x75;
const END: u8 = 0x78;
const ENUM: u8 = 0x7E;

/// A class that Java writes field by field, and one that adds something after them.
const SERIALIZABLE: u8 = 2;
const SERIALIZABLE_AND_MORE: u8 = 3;

/// An object: the name of its class, and its fields.
pub(super) struct Object {
    class: Rc<Class>,
    fields: Vec<(String, Value)>,
}

struct Class {
    name: String,
    flags: u8,
    fields: Vec<String>,
    parent: Option<Rc<Class>>,
}

#[derive(Clone)]
enum Value {
    Null,
    Text(Rc<str>),
    Bytes(Rc<Zeroizing<Vec<u8>>>),
    /// One of an enumeration, whose name is of no use here.
    Constant,
}

/// What a reference can mean.
enum Handle {
    Class(Rc<Class>),
    Value(Value),
    /// The object that is being read.
    Object,
}

/// Reads one stream with one object in it.
pub(super) fn read(input: &mut Cursor<'_>) -> Result<Object, KeyStoreError> {
    if input.take(MAGIC.len(), WHAT)? != MAGIC {
        return Err(KeyStoreError::malformed(WHAT));
    }
    let mut stream = Stream { input, handles: Vec::new() };
    match stream.input.u8(WHAT)? {
        OBJECT => stream.object(),
        _ => Err(KeyStoreError::malformed(WHAT)),
    }
}

impl Object {
    pub(super) fn class(&self) -> &str {
        &self.class.name
    }

    pub(super) fn text(&mut self, field: &str) -> Result<String, KeyStoreError> {
        match self.field(field) {
            Some(Value::Text(text)) => Ok(text.to_string()),
            _ => Err(KeyStoreError::malformed(WHAT)),
        }
    }

    pub(super) fn bytes(&mut self, field: &str) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        match self.field(field) {
            Some(Value::Bytes(bytes)) => Ok((**bytes).clone()),
            _ => Err(KeyStoreError::malformed(WHAT)),
        }
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }
}

struct Stream<'a, 'b> {
    input: &'a mut Cursor<'b>,
    handles: Vec<Handle>,
}

impl Stream<'_, '_> {
    fn object(&mut self) -> Result<Object, KeyStoreError> {
        let class = self.class(0)?.ok_or(KeyStoreError::malformed(WHAT))?;
        self.remember(Handle::Object)?;
        // The fields of the ancestors come first.
        let mut lineage = vec![class.clone()];
        while let Some(parent) = lineage.last().and_then(|class| class.parent.clone()) {
            lineage.push(parent);
        }
        let mut fields = Vec::new();
        for class in lineage.iter().rev() {
            for name in &class.fields {
                fields.push((name.clone(), self.value()?));
            }
            match class.flags {
                SERIALIZABLE => {}
                // A class may write more after its fields; none of ours does.
                SERIALIZABLE_AND_MORE => self.end()?,
                _ => return Err(KeyStoreError::malformed(WHAT)),
            }
        }
        Ok(Object { class, fields })
    }

    fn value(&mut self) -> Result<Value, KeyStoreError> {
        let value = match self.input.u8(WHAT)? {
            NULL => return Ok(Value::Null),
            REFERENCE => return self.value_again(),
            STRING => Value::Text(self.input.text(WHAT)?.into()),
            ARRAY => {
                let class = self.class(0)?.ok_or(KeyStoreError::malformed(WHAT))?;
                if class.name != "[B" {
                    return Err(KeyStoreError::unsupported("an array of class", &class.name));
                }
                Value::Bytes(Rc::new(Zeroizing::new(self.input.bytes(WHAT)?.to_vec())))
            }
            ENUM => {
                self.class(0)?;
                self.remember(Handle::Value(Value::Constant))?;
                // The name of the constant: a string of its own, or one from before.
                self.value()?;
                return Ok(Value::Constant);
            }
            _ => return Err(KeyStoreError::malformed(WHAT)),
        };
        self.remember(Handle::Value(value.clone()))?;
        Ok(value)
    }

    fn value_again(&mut self) -> Result<Value, KeyStoreError> {
        match self.handle()? {
            Handle::Value(value) => Ok(value.clone()),
            _ => Err(KeyStoreError::malformed(WHAT)),
        }
    }

    /// The description of a class, with those of its ancestors.
    fn class(&mut self, depth: usize) -> Result<Option<Rc<Class>>, KeyStoreError> {
        match self.input.u8(WHAT)? {
            NULL => return Ok(None),
            REFERENCE => {
                return match self.handle()? {
                    Handle::Class(class) => Ok(Some(class.clone())),
                    _ => Err(KeyStoreError::malformed(WHAT)),
                };
            }
            CLASS if depth < DEPTH_MAX => {}
            _ => return Err(KeyStoreError::malformed(WHAT)),
        }
        let name = self.input.text(WHAT)?;
        if !CLASSES.contains(&name.as_str()) {
            return Err(KeyStoreError::unsupported("an object of class", name));
        }
        // The number that Java tells versions of a class by: the fields are checked when they are used.
        self.input.u64(WHAT)?;
        // The number of a description is given before its ancestors are read.
        let handle = self.handles.len();
        self.remember(Handle::Object)?;
        let flags = self.input.u8(WHAT)?;
        let count = self.input.u16(WHAT)?;
        let fields = (0..count).map(|_| self.field()).collect::<Result<_, _>>()?;
        self.end()?;
        let parent = self.class(depth + 1)?;
        let class = Rc::new(Class { name, flags, fields, parent });
        self.handles[handle] = Handle::Class(class.clone());
        Ok(Some(class))
    }

    /// The name of a field; its type must be a class or an array.
    fn field(&mut self) -> Result<String, KeyStoreError> {
        let kind = self.input.u8(WHAT)?;
        let name = self.input.text(WHAT)?;
        if !matches!(kind, b'L' | b'[') {
            return Err(KeyStoreError::malformed(WHAT));
        }
        match self.value()? {
            Value::Text(_) => Ok(name),
            _ => Err(KeyStoreError::malformed(WHAT)),
        }
    }

    /// The end of what a class has written of its own, which is nothing.
    fn end(&mut self) -> Result<(), KeyStoreError> {
        match self.input.u8(WHAT)? {
            END => Ok(()),
            _ => Err(KeyStoreError::malformed(WHAT)),
        }
    }

    fn remember(&mut self, handle: Handle) -> Result<(), KeyStoreError> {
        if self.handles.len() == HANDLES_MAX {
            return Err(KeyStoreError::malformed(WHAT));
        }
        self.handles.push(handle);
        Ok(())
    }

    fn handle(&mut self) -> Result<&Handle, KeyStoreError> {
        let number = usize::try_from(self.input.u32(WHAT)?).ok();
        let handle = number.and_then(|number| self.handles.get(number.checked_sub(FIRST_HANDLE)?));
        handle.ok_or(KeyStoreError::malformed(WHAT))
    }
}
