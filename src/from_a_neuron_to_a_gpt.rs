#![doc = include_str!("../docs/from_a_neuron_to_a_gpt.md")]
