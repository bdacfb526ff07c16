# Texts of kernel (zh). Which keys there are, with their English: fondaco schema --texts kernel
#
# What the kernel refuses, by its code. Each has the name of the field as { $label }:
#   problem-required, problem-wrong_type (type), problem-too_long (max), problem-too_short,
#   problem-too_small (min), problem-too_large (max), problem-too_fine (decimals), problem-too_many,
#   problem-unknown_choice (choices), problem-pattern, problem-email, problem-phone, problem-url,
#   problem-unprintable, problem-taken, problem-unknown_link, problem-in_use, problem-readonly,
#   problem-forbidden, problem-guessable
# A refusal of a module stands in its file in the same way, by the code in its Rust; what has no
# text here is said in the English of the program.
