//! Interpreter, packages and allow-listed variables, read without starting the interpreter.
