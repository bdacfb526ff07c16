//! Somebody outside, for tests: a server over plain HTTP on loopback that says what the test wants and
//! remembers what it heard. Not here: anything that a real server does besides.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A request that it heard; names of headers in small letters.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What it says.
#[derive(Clone, Debug)]
pub enum Said {
    /// Status, further headers as lines, body.
    Answer(u16, Vec<String>, String),
    /// These bytes, as they are.
    Bytes(Vec<u8>),
    /// It takes the request and says nothing, until the other side goes.
    Nothing,
    /// It takes the request and hangs up.
    HangUp,
}

impl Said {
    pub fn ok(body: &str) -> Said {
        Said::Answer(200, Vec::new(), body.to_owned())
    }
}

/// Open until it is dropped.
pub struct Peer {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    closed: Arc<AtomicBool>,
}

impl Peer {
    pub fn open(answer: impl Fn(&Heard) -> Said + Send + Sync + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0");
        let listener = listener.unwrap_or_else(|e| unreachable!("no socket: {e}"));
        let address = listener.local_addr().unwrap_or_else(|e| unreachable!("no address: {e}"));
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let closed: Arc<AtomicBool> = Arc::default();
        let (own, end, answer) = (heard.clone(), closed.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::Acquire) {
                    return;
                }
                let (own, answer) = (own.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &own, answer.as_ref()));
            }
        });
        Peer { address, heard, closed }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        // Wakes the one who waits for the next.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, heard: &Mutex<Vec<Heard>>, answer: &(dyn Fn(&Heard) -> Said + Sync)) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let Some(request) =
        stream.try_clone().ok().and_then(|stream| read(&mut BufReader::new(stream)))
    else {
        return;
    };
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let mut stream = stream;
    match answer(&request) {
        Said::HangUp => {}
        Said::Nothing => {
            let _ = stream.read(&mut [0]);
        }
        Said::Bytes(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Said::Answer(status, headers, body) => {
            let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
            let length = body.len();
            let head = format!("HTTP/1.1 {status} So\r\ncontent-length: {length}\r\n{headers}\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    }
}

fn read(stream: &mut impl BufRead) -> Option<Heard> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut heard = Heard { method, path, ..Heard::default() };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        heard.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = heard.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    heard.body = String::from_utf8_lossy(&body).into_owned();
    Some(heard)
}
