/* One early bind, in a function with a name. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

__attribute__((noinline)) int choose_local_port(int client) {
    struct sockaddr_in any = {.sin_family = AF_INET};
    volatile int result = bind(client, (struct sockaddr *)&any, sizeof any);
    return result;
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    choose_local_port(client);
    return connect(client, (struct sockaddr *)&address, size);
}
