//! The page for browsers: sign-in and views by plain HTTP, and the whole page in Chromium.

mod browser;
mod chromium;
mod demo;
mod errors;
mod export;
mod hostile;
mod sign_in;
mod tail;
mod views;
