\
# noqa: RL101