from subprocess import check_call as run


def five():
    command = ["pip", "install"]
    command.append("--upgrade")
    command.extend(["app"])
    run(command)
