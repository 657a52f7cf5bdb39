//! Converts values to JavaScript: a structure becomes an object with the same field names, an array of numbers a typed array. Also has a few
//! functions that every WebAssembly module needs.
//!
//! `serde-wasm-bindgen` does the same, but the download of a visitor would be some kilobytes larger.

use std::marker::PhantomData;

#[cfg(target_arch = "wasm32")]
pub(super) use bridge::*;

/// A JavaScript value converted from a `T` of `types`. A function of the interface returns it, so that its signature has the type.
pub struct Js<T> {
    #[cfg(target_arch = "wasm32")]
    value: wasm_bindgen::JsValue,
    holds: PhantomData<fn() -> T>,
}

/// Numbers that become a typed array of JavaScript. Its buffer can be transferred to the page without a copy.
pub struct TypedArray<T>(pub Vec<T>);

/// Declares structures that are converted to JavaScript objects. "Crossing" is a value's way from Rust to JavaScript: the macro implements `Cross`
/// for each structure, and `cross` makes the object. TypeScript gets a type of the same name.
macro_rules! crossing {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$about:meta])* pub $field:ident: $type:ty,)+ })+) => {$(
        $(#[$meta])*
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub struct $name { $($(#[$about])* pub $field: $type,)+ }

        #[cfg(target_arch = "wasm32")]
        impl $crate::web::js::Cross for $name {
            // Small code matters more than speed: a structure is converted some times a second.
            #[cold]
            #[inline(never)]
            fn cross(&self) -> wasm_bindgen::JsValue {
                $crate::web::js::object! { $($field: &self.$field),+ }
            }
        }
    )+};
}
pub(super) use crossing;

/// Declares pairs of structures that are converted to one object with the fields of both.
macro_rules! joined {
    ($($(#[$meta:meta])* $name:ident: $first:ty, $second:ty, $typescript:literal;)+) => {$(
        $(#[$meta])*
        #[cfg_attr(test, derive(ts_rs::TS), ts(type = $typescript))]
        pub struct $name(pub $first, pub $second);

        #[cfg(target_arch = "wasm32")]
        impl $crate::web::js::Cross for $name {
            // Small code matters more than speed: a structure is converted some times a second.
            #[cold]
            #[inline(never)]
            fn cross(&self) -> wasm_bindgen::JsValue {
                $crate::web::js::join(&self.0.cross(), &self.1.cross())
            }
        }
    )+};
}
pub(super) use joined;

/// Converts enumerations to the names of their variants. In TypeScript each is the union of all names.
macro_rules! cross_as_names {
    ($($type:ident),+) => {$(
        #[cfg(target_arch = "wasm32")]
        impl $crate::web::js::Cross for $type {
            fn cross(&self) -> wasm_bindgen::JsValue {
                self.name().into()
            }
        }

        #[cfg(test)]
        impl ts_rs::TS for $type {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &ts_rs::Config) -> String {
                stringify!($type).to_owned()
            }

            fn inline(_: &ts_rs::Config) -> String {
                Self::ALL.iter().map(|each| format!("'{}'", each.name())).collect::<Vec<_>>().join(" | ")
            }

            fn decl(config: &ts_rs::Config) -> String {
                format!("type {} = {};", stringify!($type), Self::inline(config))
            }
        }
    )+};
}
pub(super) use cross_as_names;

#[cfg(target_arch = "wasm32")]
mod bridge {
    use std::fmt::Display;

    use js_sys::{Array, Float32Array, Float64Array, Object, Reflect, Uint8Array, Uint32Array};
    use wasm_bindgen::convert::IntoWasmAbi;
    use wasm_bindgen::describe::WasmDescribe;
    use wasm_bindgen::prelude::*;

    use super::{Js, PhantomData, TypedArray};

    /// A type that can be converted to JavaScript.
    pub trait Cross {
        /// Converts the value.
        fn cross(&self) -> JsValue;
    }

    /// Makes an object from field names and values.
    macro_rules! object {
        ($($name:ident: $value:expr),+) => {{
            let object = js_sys::Object::new();
            $($crate::web::js::set(&object, stringify!($name), $crate::web::js::Cross::cross($value));)+
            wasm_bindgen::JsValue::from(object)
        }};
    }
    pub(in crate::web) use object;

    // Not inlined, and it drops the value: it is called for every field of every structure, and this makes the module smaller.
    /// Sets a field of an object.
    #[inline(never)]
    #[expect(clippy::needless_pass_by_value, reason = "dropping it here takes fewer bytes than at every call")]
    pub(in crate::web) fn set(object: &Object, name: &str, value: JsValue) {
        Reflect::set(object, &name.into(), &value).expect("a new object takes any property");
    }

    /// Adds the fields of the second object, which may be null, to the first.
    pub(in crate::web) fn join(first: &JsValue, second: &JsValue) -> JsValue {
        Object::assign(first.unchecked_ref::<Object>(), second.unchecked_ref()).into()
    }

    macro_rules! primitives {
        ($($type:ty),+) => {$(
            impl Cross for $type {
                fn cross(&self) -> JsValue {
                    JsValue::from(*self)
                }
            }
        )+};
    }
    primitives!(bool, u8, u32, f32, f64);

    impl Cross for str {
        fn cross(&self) -> JsValue {
            self.into()
        }
    }

    impl Cross for String {
        fn cross(&self) -> JsValue {
            self.as_str().into()
        }
    }

    impl<T: Cross + ?Sized> Cross for &T {
        fn cross(&self) -> JsValue {
            (**self).cross()
        }
    }

    impl<T: Cross> Cross for Option<T> {
        fn cross(&self) -> JsValue {
            self.as_ref().map_or(JsValue::NULL, Cross::cross)
        }
    }

    impl<T: Cross> Cross for Vec<T> {
        fn cross(&self) -> JsValue {
            self.iter().map(Cross::cross).collect::<Array>().into()
        }
    }

    impl<T: Cross, const N: usize> Cross for [T; N] {
        fn cross(&self) -> JsValue {
            self.iter().map(Cross::cross).collect::<Array>().into()
        }
    }

    impl<A: Cross, B: Cross> Cross for (A, B) {
        fn cross(&self) -> JsValue {
            Array::of2(&self.0.cross(), &self.1.cross()).into()
        }
    }

    impl<A: Cross, B: Cross, C: Cross> Cross for (A, B, C) {
        fn cross(&self) -> JsValue {
            Array::of3(&self.0.cross(), &self.1.cross(), &self.2.cross()).into()
        }
    }

    macro_rules! typed_arrays {
        ($($number:ty: $array:ty),+) => {$(
            impl Cross for TypedArray<$number> {
                fn cross(&self) -> JsValue {
                    <$array>::from(&self.0[..]).into()
                }
            }
        )+};
    }
    typed_arrays!(u8: Uint8Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array);

    impl<T> Js<T> {
        /// Wraps a value that is already one of JavaScript.
        pub(in crate::web) fn given(value: JsValue) -> Self {
            Self { value, holds: PhantomData }
        }
    }

    impl<T: Cross> Js<T> {
        pub(in crate::web) fn of(value: &T) -> Self {
            Self::given(value.cross())
        }
    }

    impl<T> Clone for Js<T> {
        fn clone(&self) -> Self {
            Self::given(self.value.clone())
        }
    }

    impl<T> From<Js<T>> for JsValue {
        fn from(js: Js<T>) -> Self {
            js.value
        }
    }

    impl<T> Cross for Js<T> {
        fn cross(&self) -> JsValue {
            self.value.clone()
        }
    }

    impl<T> WasmDescribe for Js<T> {
        fn describe() {
            JsValue::describe();
        }
    }

    impl<T> IntoWasmAbi for Js<T> {
        type Abi = <JsValue as IntoWasmAbi>::Abi;

        fn into_abi(self) -> Self::Abi {
            self.value.into_abi()
        }
    }

    /// Converts an error to its message.
    pub(in crate::web) fn words(error: impl Display) -> JsError {
        JsError::new(&error.to_string())
    }

    /// Reports progress to the page.
    #[cfg(any(feature = "page", feature = "self-check"))]
    pub(in crate::web) fn report(progress: &js_sys::Function, stage: &str, done: usize, of: usize) {
        // An error in the page's function must not end the work.
        drop(progress.call3(&JsValue::NULL, &stage.into(), &(done as f64).into(), &(of as f64).into()));
    }

    /// The clock of the worker or the page, in milliseconds.
    #[cfg(any(feature = "page", all(feature = "self-check", feature = "cpu")))]
    pub(in crate::web) fn clock() -> f64 {
        let performance = Reflect::get(&js_sys::global(), &"performance".into()).expect("every browser scope has performance");
        performance.unchecked_into::<web_sys::Performance>().now()
    }

    /// Makes panics readable in the console. A panic is a bug.
    #[wasm_bindgen(start)]
    pub(in crate::web) fn start() {
        console_error_panic_hook::set_once();
    }
}

#[cfg(test)]
mod declared {
    use ts_rs::{Config, TS};

    use super::{Js, TypedArray};

    /// In TypeScript the type of a `Js<T>` is that of `T`.
    impl<T: TS> TS for Js<T> {
        type WithoutGenerics = T::WithoutGenerics;
        type OptionInnerType = Self;

        fn name(config: &Config) -> String {
            T::name(config)
        }

        fn inline(config: &Config) -> String {
            T::inline(config)
        }
    }

    macro_rules! typed_arrays {
        ($($number:ty: $array:literal),+) => {$(
            impl TS for TypedArray<$number> {
                type WithoutGenerics = Self;
                type OptionInnerType = Self;

                fn name(_: &Config) -> String {
                    $array.to_owned()
                }

                fn inline(config: &Config) -> String {
                    Self::name(config)
                }
            }
        )+};
    }

    typed_arrays!(u8: "Uint8Array", u32: "Uint32Array", f32: "Float32Array", f64: "Float64Array");
}
