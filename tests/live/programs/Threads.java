import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;

/** Says how many threads are ready; when told to on standard input, each binds early and connects, several times. */
public class Threads {
    public static void main(String[] words) throws Exception {
        int threads = Integer.parseInt(words[0]);
        int times = Integer.parseInt(words[1]);
        CountDownLatch ready = new CountDownLatch(threads);
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(threads);
        ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
        for (int number = 0; number < threads; number++) {
            new Thread(() -> {
                try {
                    ready.countDown();
                    told.await();
                    for (int time = 0; time < times; time++) {
                        Socket client = new Socket();
                        client.bind(new InetSocketAddress(0));
                        client.connect(server.getLocalSocketAddress());
                        client.close();
                    }
                    done.countDown();
                } catch (Exception failure) {
                    failure.printStackTrace();
                }
            }).start();
        }
        ready.await();
        System.out.println("ready");
        System.in.read();
        told.countDown();
        done.await();
        System.out.println("done");
        System.in.read();
    }
}
