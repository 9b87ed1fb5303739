//! How messages become bytes: protobuf, with buffers of the size that our messages have. Knows no message.

use std::marker::PhantomData;

use prost::Message;
use tonic::codec::{BufferSettings, Codec};
use tonic_prost::ProstCodec;

/// In bytes. Nearly all messages are shorter; a longer one makes its buffer grow. Every call has two of them on each
/// side, and a stream keeps them as long as it lasts: tonic's own 8 KiB would be most of what an idle display costs.
const BUFFER: usize = 1000;
/// Of a stream that has much to tell, so many bytes are gathered before they are sent (tonic's own figure).
const YIELD: usize = 32 * 1024;

/// The codec of all generated clients and servers.
#[derive(Clone, Copy, Debug)]
pub struct SmallCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for SmallCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for SmallCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = <ProstCodec<T, U> as Codec>::Decoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::new(BUFFER, YIELD))
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<T, U>::raw_decoder(BufferSettings::new(BUFFER, YIELD))
    }
}
