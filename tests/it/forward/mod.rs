//! `forward`: what arrives at receivers, what is said about them, and real receivers that are killed in the middle.

mod destinations;
mod messages;
mod real_receivers;
mod recipes;
mod web_receiver;
